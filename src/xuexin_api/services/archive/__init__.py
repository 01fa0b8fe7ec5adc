"""学籍 and its photos: how they come in, and who reads them."""
