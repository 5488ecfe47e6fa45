"""Running everything on one machine: embedded services, supervision, `trafficmgr up`. Starting it needs no Django."""
