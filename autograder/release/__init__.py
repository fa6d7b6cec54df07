"""Cuts the students' folder from the sources: stubs, visible checks, recorded answers."""
