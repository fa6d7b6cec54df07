"""What an author does before anything is handed out: begins an assignment, and looks at it as a student."""
