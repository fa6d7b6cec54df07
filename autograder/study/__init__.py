"""What a student's command line does: check a saved notebook, watch it, show progress and hints, reset, hand in."""
