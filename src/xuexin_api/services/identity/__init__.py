"""实人认证: who somebody is."""
