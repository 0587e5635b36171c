-- What starts when an image boots, with where each unit is drawn: JSON text as it was registered. Null: nothing does, or it was not said.

alter table images add boot text;
