-- Products of before there were packs have none, and say so as their ledgers do: a comparison finds no difference.
UPDATE products SET packs = '[]' WHERE packs IS NULL;
