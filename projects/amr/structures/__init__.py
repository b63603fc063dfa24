from .cam_record import CAMRecord, CAMRecordError
from .publish import published

__all__ = ['CAMRecord', 'CAMRecordError', 'published']
