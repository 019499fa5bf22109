"""The nightly report. psycopg2 does know connect_timeout: nothing is wrong here."""

import psycopg2

from shop.settings import REPORTING_DSN


def orders_of_yesterday():
    with psycopg2.connect(REPORTING_DSN, connect_timeout=10) as connection, connection.cursor() as cursor:
        cursor.execute("select number, customer from orders where day = current_date - 1")
        return cursor.fetchall()
