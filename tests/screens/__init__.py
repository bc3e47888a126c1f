"""Golden pictures of the main pages."""
