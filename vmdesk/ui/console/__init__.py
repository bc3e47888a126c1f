"""A screen on the screen: the view, its keys and pointer, what is said when there is no picture."""
