"""The same verbs without a window: for scripts, timers and people on a terminal. No Qt.

`arguments.wanted(argv)` tells whether the arguments are for the command line; `main.main(argv, window)` runs them.
Nothing is loaded here: the window asks the one and does not need the other.
"""
