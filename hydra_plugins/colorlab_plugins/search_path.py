"""Puts the conf/ of every plug-in on Hydra's search path, behind colorlab's own."""

from __future__ import annotations

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

from colorlab.cli import plugins
from colorlab.cli.yaml_files import conf_dir


class PluginFolders(SearchPathPlugin):
    """Of colorlab's commands only: other programs that use Hydra here find nothing of ours."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Called by Hydra whenever it makes a search path."""
        if any(element.path == str(conf_dir()) for element in search_path.get_path()):
            for plugin in plugins.active():
                search_path.append(f"colorlab-plugin-{plugin.name}", f"file://{plugin.conf}")
