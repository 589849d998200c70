"""PyMySQL: text of its own making, no prepared statements."""

import sys

import mysql_story
import pymysql


def connect():
    return pymysql.connect(host="127.0.0.1", port=int(sys.argv[1]), user="app", database="shop", autocommit=True)


def query(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
        return row[0] if row else None


def told(error):
    return error.args[0], "42000" if isinstance(error, pymysql.err.OperationalError) else "", error.args[1]


mysql_story.play(connect, query, told)
