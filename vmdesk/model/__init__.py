"""What things are: frozen values and enums. Imports nothing of ours."""
