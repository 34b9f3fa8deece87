-- How far each walk that cron does a piece at a time came: the bucket's orphans, complaints that are due.
ALTER TABLE file_sweeps RENAME TO job_cursors;
