"""What the environment says."""

import os

DATABASE_HOST = os.environ.get("DATABASE_HOST", "localhost")
DATABASE_NAME = os.environ.get("DATABASE_NAME", "shop")
REPORTING_DSN = os.environ.get("REPORTING_DSN", "")
