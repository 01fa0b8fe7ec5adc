"""实名注册: the form, its rules, and what it agrees to."""
