"""What is going on: store, sessions, history, jobs, commands, settings. No Qt; everything runs on the main thread."""
