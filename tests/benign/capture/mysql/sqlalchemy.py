"""SQLAlchemy with Alembic on three drivers: migrations by autogenerate, the ORM, and the core."""

import os
import pathlib
import sys

# This file has the library's name: take its folder out of the search path.
sys.path[:] = [path for path in sys.path if pathlib.Path(path or ".").resolve() != pathlib.Path(__file__).resolve().parent]

from alembic import command  # noqa: E402
from alembic.config import Config  # noqa: E402
from sqlalchemy import (  # noqa: E402
    ForeignKey, Index, Integer, MetaData, String, create_engine, delete, exists, func, insert, inspect, select, text, update,
)
from sqlalchemy.dialects.mysql import JSON, insert as upsert  # noqa: E402
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, relationship, selectinload  # noqa: E402

address = "127.0.0.1:" + os.environ["MYSQL_PORT"] + "/" + os.environ["MYSQL_DATABASE"]
URLS = ["mysql+pymysql://app@" + address + "?charset=latin1", "mysql+mysqlconnector://app@" + address, "mysql+mysqldb://app@" + address]
root = pathlib.Path.cwd() / "alembic_home"
root.mkdir()
config = Config()
config.set_main_option("script_location", str(root / "scripts"))
config.set_main_option("sqlalchemy.url", URLS[0])
config.config_file_name = str(root / "alembic.ini")
command.init(config, str(root / "scripts"))
environment = root / "scripts/env.py"
environment.write_text(
    environment.read_text()
    .replace("target_metadata = None", "import builtins\ntarget_metadata = builtins.METADATA")
    .replace("fileConfig(config.config_file_name)", "pass")
)


def declare(extra):
    class Base(DeclarativeBase):
        pass

    class Customer(Base):
        __tablename__ = "customers"
        id = mapped_column(Integer, primary_key=True)
        name = mapped_column(String(50), index=True)
        data = mapped_column(JSON)
        if extra:
            vip = mapped_column(String(5), server_default="no")
        orders = relationship("Order", back_populates="customer", cascade="all, delete-orphan")

    class Order(Base):
        __tablename__ = "orders"
        id = mapped_column(Integer, primary_key=True)
        customer_id = mapped_column(ForeignKey("customers.id"))
        total = mapped_column(Integer)
        customer = relationship("Customer", back_populates="orders")
        if extra:
            __table_args__ = (Index("by_total", "total"),)

    return Base, Customer, Order


import builtins  # noqa: E402

for extra in (False, True):
    Base, Customer, Order = declare(extra)
    builtins.METADATA = Base.metadata
    command.revision(config, "step", autogenerate=True)
    command.upgrade(config, "head")
command.current(config)
command.downgrade(config, "-1")
command.upgrade(config, "head")

for url in URLS:
    engine = create_engine(url)
    with Session(engine) as session:
        session.add_all([Customer(name=f"n{i}", data={"a": i}, orders=[Order(total=i)]) for i in range(5)])
        session.commit()
        first = session.scalars(select(Customer).where(Customer.name == "n1")).first()
        first.name = "other"
        session.flush()
        session.delete(first.orders[0])
        session.commit()
        session.scalars(select(Customer).options(selectinload(Customer.orders)).where(Customer.id.in_([1, 2]))).all()
        session.execute(select(Customer, func.count(Order.id)).join(Order).group_by(Customer).having(func.count(Order.id) > 0).limit(5)).all()
        session.execute(select(Customer).where(exists().where(Order.customer_id == Customer.id, Order.total == 3))).all()
        session.execute(select(func.row_number().over(partition_by=Order.customer_id, order_by=Order.id)).where(Order.total > 1)).all()
        recent = select(Order.customer_id).where(Order.total == 2).cte("recent")
        session.execute(select(Customer).join(recent, recent.c.customer_id == Customer.id)).all()
        session.execute(update(Customer).where(Customer.id == 2).values(name=func.lower(Customer.name)))
        session.execute(delete(Order).where(Order.customer_id.in_(select(Customer.id).where(Customer.name == "n3"))))
        session.execute(upsert(Customer).values(id=1, name="x").on_duplicate_key_update(name="x"))
        session.execute(insert(Customer), [{"name": "a"}, {"name": "b"}])
        session.execute(select(Customer).where(Customer.id == 2).with_for_update()).all()
        session.begin_nested().rollback()
        session.execute(text("SELECT get_lock(:k, 1), release_lock(:k)"), {"k": "a"})
        session.commit()
        session.delete(session.scalars(select(Customer).limit(1)).one())
        session.commit()
    inspector = inspect(engine)
    for table in inspector.get_table_names():
        inspector.get_columns(table)
        inspector.get_indexes(table)
        inspector.get_foreign_keys(table)
        inspector.get_check_constraints(table)
    inspector.get_view_names()
    MetaData().reflect(engine)
    engine.dispose()
