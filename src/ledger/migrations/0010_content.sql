-- What a call was refused for: the category of its content, never the content.

ALTER TABLE events ADD COLUMN category TEXT;
