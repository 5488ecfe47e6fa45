from django_celery_beat.models import PeriodicTask, PeriodicTasks

from healthchecks.services import sync_schedule
from regions.models import Region
from trafficmgr.celery import app


def ticked() -> list[tuple[str, str]]:
    rows = PeriodicTask.objects.filter(task="healthchecks.tasks.probe_tick").order_by("name")
    return [(row.queue, row.args) for row in rows]


def test_each_vantage_region_has_a_tick_on_its_own_queue(vantages: dict[str, Region]) -> None:
    sync_schedule()
    assert ticked() == [("probe.asia", '["asia"]'), ("probe.eu", '["eu"]'), ("probe.us", '["us"]')]


def test_the_ticks_follow_the_regions(vantages: dict[str, Region]) -> None:
    sync_schedule()
    vantages["asia"].delete()
    Region.objects.filter(name="us").update(is_vantage=False)
    sync_schedule()
    assert ticked() == [("probe.eu", '["eu"]')]


def test_a_schedule_that_is_in_step_is_not_written(vantages: dict[str, Region]) -> None:
    sync_schedule()
    before = PeriodicTasks.last_change()
    sync_schedule()
    assert PeriodicTasks.last_change() == before


def test_every_scheduled_task_exists(vantages: dict[str, Region]) -> None:
    sync_schedule()
    app.loader.import_default_modules()
    assert set(PeriodicTask.objects.values_list("task", flat=True)) <= set(app.tasks)


def test_ticks_expire_so_that_a_backlog_is_dropped(vantages: dict[str, Region]) -> None:
    sync_schedule()
    assert not PeriodicTask.objects.filter(queue__startswith="probe.", expire_seconds=None).exists()


def test_what_releases_before_had_sent_is_sent_no_more(vantages: dict[str, Region]) -> None:
    sync_schedule()
    watch = PeriodicTask.objects.get(name="health: keep watch")
    PeriodicTask.objects.create(name="health: reconcile", task="healthchecks.tasks.reconcile", interval=watch.interval)
    sync_schedule()
    assert not PeriodicTask.objects.filter(name="health: reconcile").exists()
