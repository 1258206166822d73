"""Judging rows by a rubric: the questions, what is read out of the answers, and who is asked."""
