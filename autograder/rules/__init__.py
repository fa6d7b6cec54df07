"""Reads source without running it: what a part may not call, and whether an answer calls it."""
