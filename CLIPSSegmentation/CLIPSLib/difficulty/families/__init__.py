"""One file per family of measurers: each turns a registry's cases into `Findings`. Called by `measure`."""
