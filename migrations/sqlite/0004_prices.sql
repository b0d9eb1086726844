-- The prices that prove how good a plan is; the next plan starts from them. None in a plan that is no longer in force.
ALTER TABLE plan ADD COLUMN prices BLOB;
