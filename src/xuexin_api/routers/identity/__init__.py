"""实人认证 and cases."""
