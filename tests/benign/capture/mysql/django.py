"""Django on PyMySQL: migrations (up, and one down) and the ORM."""

import os
import pathlib
import sys

# This file has the library's name: take its folder out of the search path.
sys.path[:] = [path for path in sys.path if pathlib.Path(path or ".").resolve() != pathlib.Path(__file__).resolve().parent]

import pymysql  # noqa: E402

pymysql.install_as_MySQLdb()
import django  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

folder = pathlib.Path.cwd() / "shop"
folder.mkdir()
(folder / "__init__.py").write_text("")
MODELS = """
from django.db import models

class Customer(models.Model):
    name = models.CharField(max_length=50, db_index=True)
    email = models.EmailField(unique=True)
    data = models.JSONField(default=dict)
    created = models.DateTimeField(auto_now_add=True)
    {extra}

class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="orders")
    total = models.DecimalField(max_digits=10, decimal_places=2)
    tags = models.ManyToManyField("Tag")

class Tag(models.Model):
    word = models.SlugField()
"""
(folder / "models.py").write_text(MODELS.format(extra=""))
sys.path.insert(0, str(pathlib.Path.cwd()))
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions",
                    "django.contrib.admin", "django.contrib.messages", "shop"],
    DATABASES={"default": {"ENGINE": "django.db.backends.mysql", "NAME": os.environ["MYSQL_DATABASE"],
                           "USER": "app", "HOST": "127.0.0.1", "PORT": os.environ["MYSQL_PORT"],
                           "OPTIONS": {"init_command": "SET sql_mode='STRICT_TRANS_TABLES', innodb_strict_mode=1"}}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=False, SECRET_KEY="x",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}], SILENCED_SYSTEM_CHECKS=["admin"],
)
django.setup()
quiet = {"verbosity": 0}
call_command("makemigrations", "shop", **quiet)
call_command("migrate", **quiet)

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery, Sum, Window  # noqa: E402
from django.db.models.functions import Lower, RowNumber, TruncDay  # noqa: E402
from shop.models import Customer, Order, Tag  # noqa: E402

user = User.objects.create_user("ann", "ann@example.com", "secret")
user.last_name = "x"
user.save()
session = SessionStore()
session["a"] = 1
session.create()
session["b"] = 2
session.save()
SessionStore(session.session_key).load()
call_command("clearsessions")
customers = Customer.objects.bulk_create([Customer(name=f"n{i}", email=f"{i}@example.com", data={"a": i}) for i in range(20)])
tag = Tag.objects.create(word="new")
for customer in customers[:5]:
    order = Order.objects.create(customer=customer, total=customer.pk)
    order.tags.add(tag)
Customer.objects.bulk_update(customers[:3], ["name"])
Customer.objects.get_or_create(email="0@example.com", defaults={"name": "x"})
Customer.objects.update_or_create(email="1@example.com", defaults={"name": "y"})
Customer.objects.filter(pk=1).update(name=Lower("name"))
Customer.objects.filter(orders__total__gt=3).update(name="rich")
Order.objects.filter(pk=1).update(total=F("total") + 1)
list(Customer.objects.filter(Q(name__startswith="n") | Q(email__icontains="example"), data__a=5)[:10])
list(Customer.objects.exclude(name="x").annotate(n=Count("orders"), s=Sum("orders__total")).filter(n__gt=0).order_by("-s"))
list(Customer.objects.prefetch_related(Prefetch("orders", Order.objects.select_related("customer"))).filter(pk__in=[1, 2]))
list(Customer.objects.annotate(last=Subquery(Order.objects.filter(customer=OuterRef("pk")).values("total")[:1])).filter(pk=1))
list(Customer.objects.filter(Exists(Order.objects.filter(customer=OuterRef("pk"), total=2))))
list(Order.objects.annotate(n=Window(RowNumber(), partition_by="customer", order_by="id")).filter(customer=1))
list(Customer.objects.annotate(day=TruncDay("created")).values("day").annotate(n=Count("id")))
list(Order.objects.filter(tags__word="new").distinct().values_list("id", flat=True))
list(Customer.objects.raw("SELECT * FROM shop_customer WHERE id = %s", [1]))
Customer.objects.aggregate(Count("id"))
Customer.objects.filter(created__year=2024, name__in=["a", "b"]).exists()
list(Customer.objects.filter(pk=1).union(Customer.objects.filter(pk=2)))
with transaction.atomic():
    Customer.objects.select_for_update().filter(pk=2).first()
    try:
        with transaction.atomic():
            Customer.objects.create(name="x", email="0@example.com")
    except Exception:
        pass
Order.objects.filter(pk=2).delete()
customers[0].delete()
Customer.objects.filter(name="n7").delete()
user.groups.clear()
connection.introspection.table_names()
with connection.cursor() as cursor:
    for table in ("shop_customer", "shop_order"):
        connection.introspection.get_table_description(cursor, table)
        connection.introspection.get_constraints(cursor, table)
# A second migration, up and down.
(folder / "migrations/0002_more.py").write_text("""
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddField("customer", "vip", models.BooleanField(default=False)),
        migrations.AlterField("customer", "name", models.CharField(max_length=80)),
        migrations.AddIndex("order", models.Index(fields=["total"], name="by_total")),
        migrations.RenameField("tag", "word", "label"),
        migrations.AddConstraint("order", models.CheckConstraint(condition=models.Q(total__gte=0), name="positive")),
    ]
""")
call_command("migrate", "shop", **quiet)
call_command("migrate", "shop", "0001", **quiet)
