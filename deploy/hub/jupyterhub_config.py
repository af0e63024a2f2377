"""The hub's settings; deploy/hub/install puts them into place.  They hold from its next start."""

from nslab_hub.settings import configure

c = get_config()  # noqa: F821

configure(c, memory="1G", processors=1.0, idle=3600, learners=40)
c.JupyterHub.bind_url = "http://:8000"
c.ConfigurableHTTPProxy.command = ["@PREFIX@/node/node_modules/.bin/configurable-http-proxy"]
# Any user of this system may log in with the system's password; those of sudo's group see all.
c.Authenticator.allow_all = True
c.PAMAuthenticator.admin_groups = {"sudo"}
