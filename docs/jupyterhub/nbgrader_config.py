"""/etc/jupyter/nbgrader_config.py: for everybody on the hub. The course's own file is in its folder."""

from nbgrader.auth import JupyterHubAuthPlugin

c = get_config()  # noqa: F821 (given to every configuration file)

c.Authenticator.plugin_class = JupyterHubAuthPlugin  # the hub's groups say who is in which course
c.Exchange.root = "/srv/exchange"  # one folder for all: chmod 1777, as /tmp
c.Exchange.path_includes_course = True  # students' copies lie in <course>/<assignment>/
