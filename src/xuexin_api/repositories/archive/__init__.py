"""学籍 and the rosters they come from."""
