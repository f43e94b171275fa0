"""Tables to choose a row from, all alike. Called by the sections of the panel that list studies and jobs."""

from __future__ import annotations

import qt


def prepareTable(table, titles: list[str], maximumHeight: int) -> None:
    """Give a QTableWidget its columns; rows are chosen whole, one at a time, and cannot be edited."""
    table.columnCount = len(titles)
    table.setHorizontalHeaderLabels(titles)
    table.verticalHeader().visible = False
    table.selectionBehavior = qt.QAbstractItemView.SelectRows
    table.selectionMode = qt.QAbstractItemView.SingleSelection
    table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
    table.horizontalHeader().stretchLastSection = True
    table.maximumHeight = maximumHeight
