"""What is true of the code base as a whole: import roots, module names, resolution, and how the project is started."""
