//! Planning: doses of every cohort over places and days, and the independent check of a plan.
