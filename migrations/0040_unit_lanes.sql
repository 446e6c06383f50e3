-- Units that must not run side by side share a lane: those that publish on one site.

ALTER TABLE step_units ADD COLUMN lane uuid;
