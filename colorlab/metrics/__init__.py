from colorlab import lazy_torchmetrics

lazy_torchmetrics.install()
