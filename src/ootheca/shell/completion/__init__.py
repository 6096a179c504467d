"""What Tab offers at the prompt."""
