"""What the user can do: one file of commands per noun."""
