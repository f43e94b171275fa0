"""What each caution means in French, by its code; the sentence with names and numbers stays in English below it.

Called by `cautions.py`. A caution without a line here is told in English alone; a test asks for all that the report of
a study or an evaluation can hold.
"""

from __future__ import annotations

from collections.abc import Mapping

FRENCH: Mapping[str, str] = {
    # the series and their geometry
    "damaged-files": "Des fichiers endommagés se trouvent à côté de la série : des coupes manquent peut-être.",
    "duplicates-dropped": "Des copies exactes de coupes ont été écartées.",
    "gantry-tilt": "Le scanner était incliné : ses coupes ont été redressées par interpolation.",
    "images-left-out": "Des images d’une autre taille ou orientation ont été écartées de la série.",
    "slices-all-zero": "Des coupes entre d’autres ne contiennent que des zéros.",
    "slices-missing": "La série est peut-être incomplète : des coupes annoncées manquent.",
    "lossy": "Les images ont été compressées avec perte : les valeurs sont approchées.",
    "intercept-not-zero": "Le décalage des valeurs de la TEP n’est pas nul ; il a été appliqué.",
    # PET and CT
    "no-ct": "L’examen n’a pas de TDM.",
    "ct-coverage": "La TDM ne couvre qu’une partie de la TEP.",
    "not-registered": "TEP et TDM n’ont pas le même repère : le scanner ne les a pas recalées.",
    "frame-unknown": "Un repère n’est pas indiqué : rien ne confirme le recalage.",
    # the SUV
    "body-mean-suv": "La SUV moyenne du corps est invraisemblable : unités, dose, poids ou heures sont presque "
    "certainement faux.",
    "tracer-not-fdg": "Le traceur n’est pas le FDG (F-18) : les seuils de SUV ne sont validés que pour lui.",
    "half-life-assumed": "La demi-vie de l’en-tête n’est pas utilisable : celle du radionucléide a été prise.",
    "dose-in-mbq": "La dose a été lue en MBq.",
    "dose-unusual": "La dose injectée est inhabituelle.",
    "weight-in-grams": "Le poids a été lu en grammes.",
    "weight-unusual": "Le poids est inhabituel.",
    "height-in-centimeters": "La taille a été lue en centimètres.",
    "height-unusual": "La taille est inhabituelle.",
    "header-overruled": "Une valeur saisie remplace celle de l’en-tête DICOM.",
    "suv-renormalized": "Les valeurs étaient une SUV rapportée à autre chose que le poids ; elles ont été converties.",
    "factor-unreadable": "Un facteur du constructeur est illisible ; l’autre a été utilisé.",
    "vendor-factor-disagrees": "Le facteur du constructeur diffère de celui qui est calculé.",
    "frames-not-decay-corrected": "Les valeurs n’étaient pas corrigées de la décroissance ; elles le sont maintenant.",
    # its times
    "dates-shifted": "Les dates semblent décalées : seules les heures ont été utilisées.",
    "time-unreadable": "Une heure de l’en-tête manque ou est illisible ; une autre a été utilisée.",
    "time-zone": "Le fuseau horaire n’est indiqué que d’un côté : l’heure a été prise pour locale.",
    "injection-before-midnight": "L’injection a été comptée la veille au soir.",
    "injection-times-differ": "Deux heures d’injection de l’en-tête diffèrent.",
    "long-uptake": "Le délai depuis l’injection dépasse deux demi-vies ; l’utilisateur l’a confirmé.",
    "uptake-unusual": "Le délai entre injection et acquisition est inhabituel.",
    "reference-time-disagrees": "Deux heures de référence de la décroissance diffèrent assez pour changer la SUV.",
    "reference-time-early": "L’heure de référence précède de loin l’acquisition, et rien ne la confirme.",
    "reference-time-from-acquisition": "L’heure de référence est celle de l’acquisition, faute de mieux.",
    "reference-time-unchecked": "L’heure de référence n’a pas pu être vérifiée.",
    # segmentation
    "no-candidate": "Aucune lésion n’a été trouvée.",
    "growth-leak": "La croissance d’une lésion a débordé : son volume est celui de la région de départ.",
    "growth-above-max": "Le seuil d’une lésion dépasse sa SUVmax : son volume est celui de la région de départ.",
    "growth-no-background": "Le fond autour d’une lésion est trop petit : son volume est celui de la région de départ.",
    "growth-fallback": "À certaines lésions une méthode n’a pas de seuil utilisable ; elle y vote pour la région de "
    "départ.",
    "liver-found": "La sphère du foie a été placée automatiquement : vérifiez qu’elle est dans du foie sain.",
    "liver-implausible": "La sphère donnée ne ressemble pas à du foie sain.",
    "out-of-memory": "La mémoire de l’appareil était insuffisante ; le calcul a continué autrement.",
    "kind-assumed": "Un segment ne dit pas ce qu’il est : il compte comme tumeur.",
    # masks and contours
    "corrected": "Les segments ont été corrigés depuis ; ils comptent tels qu’ils sont maintenant.",
    "contour-twice": "Des contours figurent deux fois ; chacun compte une fois.",
    "contours-between-slices": "Les contours ne sont pas sur les coupes de la TEP ; chaque coupe prend le plan le plus "
    "proche.",
    "contours-cut": "Des contours dépassent le bord de la TEP et y sont coupés.",
    "contours-not-closed": "Des contours ouverts ou ponctuels n’entourent rien et sont écartés.",
    "contours-outside-pet": "Des plans de contours sont hors de la TEP et sont écartés.",
    "no-voxel": "Une structure est trop petite pour contenir un voxel.",
    "other-frame-of-reference": "Les contours sont dans un autre repère que la TEP ; leur position a été confirmée.",
    "outside-pet": "Une partie du masque est hors de la TEP et n’est pas mesurée.",
    "overlapping-segments": "Des voxels sont dans plusieurs segments ; chacun compte une fois.",
    "overlapping-structures": "Des voxels sont dans plusieurs structures ; chacun compte une fois.",
    "resampled": "Le masque a été rééchantillonné sur la grille de la TEP.",
    "resampled-segments": "Les segments ont été dessinés sur une autre grille et sont mesurés sur celle de la TEP.",
    "reference-from-prediction": "Des références sont des prédictions corrigées : l’accord en est meilleur.",
}
