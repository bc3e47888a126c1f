"""The kinds of new hardware, each with its form and the device that the form describes."""
