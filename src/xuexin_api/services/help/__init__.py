"""The help centre, its robot, and the requests to people. Answers come from articles, and never from the archive."""
