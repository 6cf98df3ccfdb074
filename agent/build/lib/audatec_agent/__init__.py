"""The agent's side of a call."""
