"""Takes in submissions as Canvas, Moodle and Gradescope let teachers download them."""

from autograder.collect.attempts import Attempt, Attempts
from autograder.collect.download import File, opened
from autograder.collect.hand_in import HandIn
from autograder.collect.roster import Roster, read_roster
from autograder.collect.systems import SYSTEMS, hand_ins
from autograder.collect.take import STATES, Taken, take

__all__ = ["STATES", "SYSTEMS", "Attempt", "Attempts", "File", "HandIn", "Roster", "Taken", "hand_ins", "opened",
           "read_roster", "take"]
