"""A hub for a class: jupyterhub -f jupyterhub_config.py; deploy/hub/install sets it up."""

from nslab_hub.settings import configure

c = get_config()  # noqa: F821

configure(c, memory="1G", processors=1.0, idle=3600, learners=30)
# Whoever is a user of this system may log in, but for those of the system's own.
c.PAMAuthenticator.admin_groups = {"sudo"}
c.Authenticator.allow_all = True
