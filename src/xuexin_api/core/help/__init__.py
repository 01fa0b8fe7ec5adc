"""The help centre's rules: articles as they are written, questions as people write them. No files, no database."""
