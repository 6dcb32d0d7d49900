"""How far people agree: Krippendorff's alpha, kappas, mean likeness, with intervals; per object, class and person."""
