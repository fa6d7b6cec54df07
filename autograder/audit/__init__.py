"""The course checks itself: each check is shown to pass right answers and to catch wrong ones."""
