"""What web applications are made of, for the codemods that wire one: where it is made, and what starts and stops it."""
