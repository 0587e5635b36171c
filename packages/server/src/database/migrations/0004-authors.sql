-- Who made a difference: those of everything between its two images, not of the second alone.

alter table diffs add authors text[] not null default '{}';
update diffs set authors = images.authors from images where images.image = diffs.to_image;
alter table images drop authors;
