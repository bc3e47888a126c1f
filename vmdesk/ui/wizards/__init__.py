"""Wizards: pages that lead to something new, a step at a time. Never modal: one can leave and come back."""
