"""The course as nbgrader sees it: run its commands in this folder."""

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "namespaces"

# What a learner finds in place of a solution; an answer cell begins with %%host, so it is shell.
c.ClearSolutions.code_stub = {"python": "# your commands"}

# An answer may take a while; one that hangs is ended.
c.ExecutePreprocessor.timeout = 120
