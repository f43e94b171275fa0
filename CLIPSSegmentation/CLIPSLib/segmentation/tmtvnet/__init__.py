"""TMTV-Net: two stages of networks, first at 6 mm, then at PET resolution. Reached only when it is used."""
