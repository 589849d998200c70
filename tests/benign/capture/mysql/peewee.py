"""Peewee: its tables and the forms of its queries."""

import os
import pathlib
import sys

# This file has the library's name: take its folder out of the search path.
sys.path[:] = [path for path in sys.path if pathlib.Path(path or ".").resolve() != pathlib.Path(__file__).resolve().parent]

import peewee  # noqa: E402

database = peewee.MySQLDatabase(os.environ["MYSQL_DATABASE"], user="app", host="127.0.0.1", port=int(os.environ["MYSQL_PORT"]))


class Customer(peewee.Model):
    name = peewee.CharField(unique=True)

    class Meta:
        database = database


class Order(peewee.Model):
    customer = peewee.ForeignKeyField(Customer, backref="orders", on_delete="CASCADE")
    total = peewee.IntegerField(index=True)

    class Meta:
        database = database
        table_name = "orders"


database.connect()
database.create_tables([Customer, Order])
with database.atomic():
    for i in range(5):
        Order.create(customer=Customer.create(name=f"n{i}"), total=i)
Customer.insert_many([{"name": "a"}, {"name": "b"}]).on_conflict_ignore().execute()
Customer.insert(name="a").on_conflict(update={Customer.name: "c"}).execute()
one = Customer.get(Customer.name == "n1")
one.name = "other"
one.save()
list(Customer.select(Customer, peewee.fn.COUNT(Order.id)).join(Order).group_by(Customer.id).where(Order.total.between(1, 3)))
list(Order.select().join(Customer).where((Customer.name ** "n%") & Order.total.in_([1, 2])).order_by(Order.id.desc()).paginate(1, 5))
Order.update(total=Order.total + 1).where(Order.id == 1).execute()
Order.delete().where(Order.customer.in_(Customer.select().where(Customer.name == "n2"))).execute()
one.delete_instance(recursive=True)
database.get_columns("orders")
database.get_indexes("orders")
database.get_foreign_keys("orders")
