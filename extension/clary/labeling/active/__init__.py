"""Active learning and automated labels under an error bound that holds. Pure computation: arrays in, decisions out.

`rounds.AutoLabeler` decides what humans label next and when the machine may label the rest; `audit` and `certificate` prove
the bound; `learner`, `starts`, `margin` and `stopping` only make it cheap: none of them can make it wrong.
"""
