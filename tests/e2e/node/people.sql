create table countries (code varchar(2) primary key, name varchar(40) not null);
create table people (id bigint primary key, name varchar(40) not null, age int, country varchar(2), born date, seen datetime(3),
  balance decimal(12,2), hits bigint unsigned, details json, photo blob,
  constraint grown check (age >= 0), foreign key (country) references countries (code));
create table visits (person bigint, page int, path varchar(40) not null, primary key (person, page),
  foreign key (person) references people (id));
create table journal (entry int auto_increment primary key, what varchar(80) not null);
