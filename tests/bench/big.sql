SELECT id, line FROM big WHERE shop = 7;
