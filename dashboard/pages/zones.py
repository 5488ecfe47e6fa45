"""Zones: their list, and the table of what each holds."""

from __future__ import annotations

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from dashboard.dependents import Dependents, Group
from dashboard.forms.zones import ZoneForm
from dashboard.pages.records import last_edit
from dashboard.section import ROWS_A_PAGE, Section, View
from dashboard.tables import Column
from steering.models import Binding
from zones.listing import MOST_COUNTED, ORDERS, Wanted, count, kinds, page_of
from zones.models import RecordSet, Zone
from zones.rdata import COMMON_TYPES
from zones.services import delete_zone, export_zone_file


class ZoneSection(Section[Zone]):
    model = Zone
    form_class = ZoneForm
    slug = "zones"
    lead = "Domains that the edges answer for."
    key = "origin"
    key_converter = "str"
    searched = ("origin",)
    columns = (
        Column("origin", "Origin", lambda row: row[0].origin, ("origin",)),
        Column("serial", "Serial", lambda row: row[0].serial, ("serial",), is_number=True),
        Column("record_sets", "Record sets", lambda row: row[1], is_number=True),
        Column("updated", "Changed", lambda row: row[0].updated, ("updated",)),
    )
    example = '{"origin": "example.com."}'
    editable = False

    def more_urls(self, one: str) -> list[tuple[str, View, str]]:
        return [(f"{one}export/", self.export_file, "zones-export")]

    def objects(self) -> QuerySet[Zone]:
        return Zone.objects.select_related("team")

    def rows_of(self, shown: list[Zone]) -> list[tuple[Zone, int]]:
        counted = RecordSet.objects.filter(zone__in=shown).order_by().values("zone")
        counts = dict(counted.annotate(count=Count("pk")).values_list("zone", "count"))
        return [(zone, counts.get(zone.pk, 0)) for zone in shown]

    def show(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """The table of record sets, searched by name or content, filtered and sorted."""
        shown = self.find(request, key)
        asked = {
            name: request.GET.get(name, "").replace("\0", "").strip() for name in ("q", "type", "answered", "sort")
        }
        wanted = Wanted(asked["q"], asked["type"], asked["answered"])
        order = asked["sort"] if asked["sort"].lstrip("-") in ORDERS else "name"
        found = wanted.of(shown)
        rows = found.select_related("binding__policy")
        place = {name: request.GET.get(name, "") for name in ("after", "before")}
        page = page_of(rows, order, ROWS_A_PAGE, **place)
        context = {
            "object": shown,
            "zone": shown,
            "page": page,
            "count": count(found, page),
            "most_counted": MOST_COUNTED,
            "searched": asked["q"],
            "kind": asked["type"],
            "answered": asked["answered"],
            "sort": order,
            "kinds": kinds(shown),
            "types": COMMON_TYPES,
        }
        return self._render(request, "show", context | last_edit(request, shown))

    def dependents(self, doomed: Zone) -> Dependents:
        """A zone has too many record sets to collect; what hurts are the names that policies answer."""
        bindings = [str(binding) for binding in Binding.objects.filter(record_set__zone=doomed)[:8]]
        count = RecordSet.objects.filter(zone=doomed).count()
        bound = Binding.objects.filter(record_set__zone=doomed).count()
        groups = [Group("record sets", [], count), Group("bindings to policies", bindings, bound)]
        return Dependents(blocking=[], following=[group for group in groups if group.count], losing=[])

    def remove(self, doomed: Zone) -> None:
        delete_zone(doomed)

    def export_file(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """The zone as a master file."""
        zone = self.find(request, key)
        response = HttpResponse(export_zone_file(zone), content_type="text/dns; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{zone.origin}zone"'
        return response
