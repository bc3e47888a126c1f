"""A job's progress: a bar while it runs, a word afterwards."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from vmdesk.core.jobs import Job, JobState
from vmdesk.ui import theme
from vmdesk.ui.models.jobs import progress_text
from vmdesk.ui.models.roles import Role

_TEXT = Qt.TextFlag.TextSingleLine | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft


class ProgressDelegate(QStyledItemDelegate):
    """For the progress column of JobsModel."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        job = index.data(Role.VALUE)
        if not isinstance(job, Job):
            return
        palette = option.palette
        rect = option.rect.adjusted(theme.GRID, 0, -theme.GRID, 0)
        painter.save()
        if job.running and job.progress is not None:
            bar = QRectF(rect.left(), rect.center().y() - 2, rect.width() - 6 * theme.GRID, 5)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(QPalette.ColorRole.Mid))
            painter.drawRoundedRect(bar, 2.5, 2.5)
            bar.setWidth(bar.width() * min(max(job.progress, 0.0), 1.0))
            painter.setBrush(palette.color(QPalette.ColorRole.Accent))
            painter.drawRoundedRect(bar, 2.5, 2.5)
            rect.setLeft(rect.right() - 5 * theme.GRID)
        failed = job.state is JobState.FAILED
        painter.setPen(theme.error_color(palette) if failed else palette.color(QPalette.ColorRole.Text))
        painter.drawText(rect, _TEXT, progress_text(job))
        painter.restore()
